#provider
{provider_zone_id}=$(aws ec2 describe-instance-type-offerings \
    --location-type availability-zone-id \
    --filters Name=instance-type,Values={instance_type} \
    --query 'InstanceTypeOfferings[0].Location' --output text)
PROVIDER_SUBNET=$(aws ec2 create-subnet --vpc-id {provider-vpc} \
    --cidr-block {provider.subnet_cidr} --availability-zone-id {provider_zone_id} \
    --tag-specifications \
    'ResourceType=subnet,Tags=[{Key=Name,Value={provider.subnet_name}}]' \
    --query Subnet.SubnetId --output text)
#regions {provider_second_zone_id}=$(aws ec2 describe-instance-type-offerings \
#regions     --location-type availability-zone-id \
#regions     --filters Name=instance-type,Values={instance_type} \
#regions     --query 'InstanceTypeOfferings[1].Location' --output text)
#regions PROVIDER_SUBNET_2=$(aws ec2 create-subnet --vpc-id {provider-vpc} \
#regions     --cidr-block {provider.second_subnet_cidr} \
#regions     --availability-zone-id {provider_second_zone_id} \
#regions     --tag-specifications \
#regions     'ResourceType=subnet,Tags=[{Key=Name,Value={provider.second_subnet_name}}]' \
#regions     --query Subnet.SubnetId --output text)
