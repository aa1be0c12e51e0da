"""Fills the account behind ``AWS_ENDPOINT_URL`` with what strangers may have: ``python -m bench.strangers``.

200 subnets, security groups, key pairs, network interfaces, instances and target groups, and 34 load balancers.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import boto3

MANY = 200
TYPE: Final = "t3.micro"
BALANCERS = 34
AT_ONCE = 16


def main() -> None:
    ec2, elb = boto3.client("ec2"), boto3.client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="172.20.0.0/16")["Vpc"]["VpcId"]
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    offered = ec2.describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [TYPE]}]
    )["InstanceTypeOfferings"]
    zone = offered[0]["Location"]  # AWS would choose any, also one that has no such instances
    with ThreadPoolExecutor(AT_ONCE) as pool:

        def all(make: Callable[[int], object], count: int = MANY) -> None:
            list(pool.map(make, range(count)))

        def subnet(n: int) -> str:
            made = ec2.create_subnet(VpcId=vpc, CidrBlock=f"172.20.{n}.0/24", AvailabilityZone=zone)
            return made["Subnet"]["SubnetId"]

        ids = list(pool.map(subnet, range(MANY)))
        all(lambda n: ec2.create_security_group(GroupName=f"theirs-{n}", Description="theirs", VpcId=vpc))
        all(lambda n: ec2.create_key_pair(KeyName=f"theirs-{n}", KeyType="ed25519"))
        all(lambda n: ec2.create_network_interface(SubnetId=ids[n]))
        all(lambda n: elb.create_target_group(Name=f"theirs-{n}", Protocol="TCP", Port=80, VpcId=vpc))
        all(
            lambda n: elb.create_load_balancer(Name=f"theirs-{n}", Type="network", Scheme="internal", Subnets=[ids[n]]),
            BALANCERS,
        )
    ec2.run_instances(ImageId=image, InstanceType=TYPE, SubnetId=ids[0], MinCount=MANY, MaxCount=MANY)


if __name__ == "__main__":
    main()
