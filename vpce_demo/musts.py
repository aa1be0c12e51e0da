"""What ``check`` asks of a demo that was built by hand: data beside the tutorial.

Whatever is not in these tables is the builder's own choice (an instance type, a zone, a health check, a name), and
``check`` only notes it.  Kinds are named by their class, and fields as ``find`` names them.
"""

from __future__ import annotations

from collections.abc import Mapping

MUSTS: Mapping[str, tuple[str, ...]] = {
    "Vpc": ("address range",),
    "Subnet": ("address range", "zone", "VPC", "network ACL rules"),
    "InternetRoute": ("target", "state"),
    "SecurityGroup": ("VPC", "outbound rules"),
    "IngressRule": ("source",),
    "Instance": ("subnet", "public address", "key pair"),
    "TargetGroup": ("target type", "protocol", "port", "VPC", "proxy protocol"),
    "LoadBalancer": ("type", "scheme", "subnets", "security groups"),
    "Listener": ("port", "protocol", "target group"),
    "Registration": ("port", "further targets"),
    "EndpointService": ("acceptance required", "load balancers", "supported regions"),
    "VpcEndpoint": ("type", "service", "VPC", "subnets", "security groups"),
}
"""By kind, the fields that have to be as in the tutorial."""
HEALTH_CHECK = ("health check protocol", "health check port")
"""The fields of a target group that have to be as in the tutorial if its target is unhealthy."""
WHY_UNHEALTHY: Mapping[str, str] = {
    "Target.Timeout": "its port 80 does not answer in time: a firewall on it drops the packets, or it is overloaded",
    "": "its port 80 does not answer: httpd is not installed, or does not run",
}
"""By AWS's reason, what is wrong with a web server if everything around it is right; and for any other reason."""
MORE_IS_FINE = ("subnets", "load balancers", "security groups", "supported regions")
"""Of these fields the tutorial's value has to be among AWS's."""
OPTIONAL = ("provider-rule-ssh", "provider-rule-https")
"""The keys of what the tutorial makes, and the page comes without."""

CONSOLE: Mapping[str, Mapping[str, str]] = {
    "Vpc": {"": "VPC > Your VPCs > Create VPC"},
    "InternetGateway": {"": "VPC > Internet gateways > Create internet gateway"},
    "GatewayAttachment": {"": "VPC > Internet gateways > the gateway > Actions > Attach to VPC"},
    "Subnet": {
        "": "VPC > Subnets > Create subnet",
        "network ACL rules": "VPC > Network ACLs > the subnet's > Edit inbound rules, Edit outbound rules",
    },
    "RouteTable": {"": "VPC > Route tables > Create route table"},
    "SubnetRouting": {"": "VPC > Route tables > the table > Subnet associations > Edit subnet associations"},
    "InternetRoute": {"": "VPC > Route tables > the table > Routes > Edit routes"},
    "KeyPair": {"": "EC2 > Key pairs > Create key pair"},
    "SecurityGroup": {
        "": "VPC > Security groups > Create security group",
        "outbound rules": "VPC > Security groups > the group > Outbound rules > Edit outbound rules",
    },
    "IngressRule": {"": "VPC > Security groups > the group > Inbound rules > Edit inbound rules"},
    "Instance": {
        "": "EC2 > Instances > Launch instances",
        "state": "EC2 > Instances > the instance > Instance state > Start instance",
    },
    "TargetGroup": {
        "": "EC2 > Target groups > Create target group",
        **dict.fromkeys(HEALTH_CHECK, "EC2 > Target groups > the group > Health checks > Edit"),
        "proxy protocol": "EC2 > Target groups > the group > Attributes > Edit",
    },
    "LoadBalancer": {
        "": "EC2 > Load balancers > Create load balancer > Network Load Balancer",
        "security groups": "VPC > Security groups > the group > Inbound rules > Edit inbound rules",
    },
    "Listener": {
        "": "EC2 > Load balancers > the load balancer > Listeners > Add listener",
        **dict.fromkeys(
            ("port", "protocol", "target group"),
            "EC2 > Load balancers > the load balancer > Listeners > the listener > Edit listener",
        ),
    },
    "Registration": {
        "": "EC2 > Target groups > the group > Targets > Register targets",
        "further targets": "EC2 > Target groups > the group > Targets > Deregister",
    },
    "EndpointService": {
        "": "VPC > Endpoint services > Create endpoint service",
        "acceptance required": "VPC > Endpoint services > the service > Actions > Modify endpoint acceptance setting",
        "supported regions": "VPC > Endpoint services > the service > Actions > Modify supported Regions",
        "load balancers": "VPC > Endpoint services > the service > Actions > Associate or disassociate load balancers",
    },
    "CrossZone": {"": "EC2 > Load balancers > the load balancer > Attributes > Edit"},
    "AllowedPrincipal": {"": "VPC > Endpoint services > the service > Allow principals > Allow principals"},
    "VpcEndpoint": {
        "": "VPC > Endpoints > Create endpoint",
        "subnets": "VPC > Endpoints > the endpoint > Actions > Manage subnets",
        "security groups": "VPC > Endpoints > the endpoint > Actions > Manage security groups",
    },
    "Acceptance": {
        "": "VPC > Endpoint services > the service > Endpoint connections > Accept endpoint connection request"
    },
}
"""By kind, where to click to make one, and to bring a field of it back."""
