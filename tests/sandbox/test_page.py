"""API and network together: a page comes back only while everything on its way allows it."""

from __future__ import annotations

import http.client

from ..network.world import wait_for
from .world import World

USER_DATA = """#cloud-config
packages: [httpd]
write_files:
  - path: /var/www/html/index.html
    content: "<html>here</html>"
runcmd:
  - systemctl enable --now httpd
"""


def fetch(world: World, name: str) -> str:
    """The page at a load balancer's name, through the proxy."""
    connection = http.client.HTTPConnection(world.sandbox.proxy_url.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", f"http://{name}/")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_a_page_and_its_health(world: World) -> None:
    net = world.network()
    instance = world.instance(net, UserData=USER_DATA)
    balancer, targets = world.balancer(net), world.targets(net)
    world.listener(balancer["LoadBalancerArn"], targets)
    world.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": instance}])
    assert world.health(targets)["State"] == "healthy", "nothing waits, and so the first answer is the last"
    assert fetch(world, balancer["DNSName"]) == "<html>here</html>"
    assert "httpd" in world.ec2.get_console_output(InstanceId=instance)["Output"]
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    world.ec2.revoke_security_group_ingress(GroupId=net.group, IpPermissions=[rule])
    assert world.health(targets)["Reason"] == "Target.FailedHealthChecks"
    world.open(net.group, 80)
    assert world.health(targets)["State"] == "healthy"
    world.elb.deregister_targets(TargetGroupArn=targets, Targets=[{"Id": instance}])
    wait_for(lambda: world.health_list(targets) == [])
