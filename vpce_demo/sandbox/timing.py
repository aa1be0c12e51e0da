"""How long AWS takes, in seconds: the typical values of ``aws-behaviours.md`` section 1.3, not upper bounds."""

VPC_PENDING = 1.0
GATEWAY_ATTACHING = 1.0
ROUTE_ASSOCIATING = 1.0

INSTANCE_PENDING = 10.0
INSTANCE_BOOTING = 15.0
"""From ``running`` until sshd listens and user data has been obeyed."""
INSTANCE_STATUS_INITIALIZING = 90.0
INSTANCE_SHUTTING_DOWN = 30.0
INSTANCE_TERMINATED_SEEN = 3600.0
"""A terminated instance stays in the lists for about an hour."""

NAT_GATEWAY_PENDING = 100.0
NAT_GATEWAY_DELETING = 50.0
NAT_GATEWAY_DELETED_SEEN = 3600.0
"""A deleted NAT gateway stays in the lists for about an hour."""

LOAD_BALANCER_PROVISIONING = 120.0
LOAD_BALANCER_INTERFACES_LINGER = 20.0
"""How long a deleted load balancer's network interfaces hold on to their subnet."""
TARGET_REGISTERING = 30.0
"""Before the first health check; then come threshold times interval of them."""

SERVICE_UNAVAILABLE = 15.0
"""How long a new service refuses endpoints, though it is ``Available``.  Nobody says how long that lasts on AWS."""
REGION_PENDING = 30.0
"""From adding a region to a service until endpoints from there can be made.  Nobody says how long that takes on AWS."""
REGION_DELETING = 5.0
SERVICE_DELETING = 5.0
SERVICE_DELETED_SEEN = 30.0
ENDPOINT_REQUESTED = 2.0
"""From the create call until the request shows as ``pendingAcceptance`` among the service's connections."""
ENDPOINT_PENDING = 60.0
ENDPOINT_DELETING = 60.0
ENDPOINT_DELETED_SEEN = 20.0
"""How long an endpoint is still listed as ``deleted`` before AWS forgets it."""
