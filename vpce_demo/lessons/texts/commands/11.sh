{consumer_zone_id}={provider_zone_id}
CUSTOMER_SUBNET=$(aws ec2 create-subnet --vpc-id {customer-vpc} \
    --cidr-block {consumer.subnet_cidr} --availability-zone-id {consumer_zone_id} \
    --tag-specifications \
    'ResourceType=subnet,Tags=[{Key=Name,Value={consumer.subnet_name}}]' \
    --query Subnet.SubnetId --output text)
