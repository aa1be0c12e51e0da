"""Fills the account behind ``AWS_ENDPOINT_URL`` with what strangers may have: ``python -m bench.strangers``.

200 subnets, security groups, key pairs, network interfaces, instances and target groups, and 34 load balancers.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import boto3

MANY = 200
BALANCERS = 34
AT_ONCE = 16


def main() -> None:
    ec2, elb = boto3.client("ec2"), boto3.client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="172.20.0.0/16")["Vpc"]["VpcId"]
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    subnets = [f"172.20.{n}.0/24" for n in range(MANY)]
    with ThreadPoolExecutor(AT_ONCE) as pool:

        def all(make: Callable[[int], object], count: int = MANY) -> None:
            list(pool.map(make, range(count)))

        ids = list(pool.map(lambda cidr: ec2.create_subnet(VpcId=vpc, CidrBlock=cidr)["Subnet"]["SubnetId"], subnets))
        all(lambda n: ec2.create_security_group(GroupName=f"theirs-{n}", Description="theirs", VpcId=vpc))
        all(lambda n: ec2.create_key_pair(KeyName=f"theirs-{n}", KeyType="ed25519"))
        all(lambda n: ec2.create_network_interface(SubnetId=ids[n]))
        all(lambda n: elb.create_target_group(Name=f"theirs-{n}", Protocol="TCP", Port=80, VpcId=vpc))
        all(
            lambda n: elb.create_load_balancer(Name=f"theirs-{n}", Type="network", Scheme="internal", Subnets=[ids[n]]),
            BALANCERS,
        )
    ec2.run_instances(ImageId=image, InstanceType="t3.micro", SubnetId=ids[0], MinCount=MANY, MaxCount=MANY)


if __name__ == "__main__":
    main()
