{provider_zone_id}=$(aws ec2 describe-instance-type-offerings \
    --location-type availability-zone-id \
    --filters Name=instance-type,Values={instance_type} \
    --query 'InstanceTypeOfferings[0].Location' --output text)
PROVIDER_SUBNET=$(aws ec2 create-subnet --vpc-id {provider-vpc} \
    --cidr-block {provider.subnet_cidr} --availability-zone-id {provider_zone_id} \
    --tag-specifications \
    'ResourceType=subnet,Tags=[{Key=Name,Value={provider.subnet_name}}]' \
    --query Subnet.SubnetId --output text)
