PROVIDER_SUBNET=$(aws ec2 create-subnet --vpc-id {provider-vpc} \
    --cidr-block {provider.subnet_cidr} --availability-zone-id {provider_zone_id} \
    --tag-specifications \
    'ResourceType=subnet,Tags=[{Key=Name,Value={provider.subnet_name}}]' \
    --query Subnet.SubnetId --output text)
