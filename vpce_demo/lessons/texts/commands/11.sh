#consumer
#region {consumer_zone_id}={provider_zone_id}
#regions {consumer_zone_id}=$(aws ec2 describe-instance-type-offerings \
#regions     --location-type availability-zone-id \
#regions     --filters Name=instance-type,Values={instance_type} \
#regions     --query 'InstanceTypeOfferings[0].Location' --output text)
CUSTOMER_SUBNET=$(aws ec2 create-subnet --vpc-id {customer-vpc} \
    --cidr-block {consumer.subnet_cidr} --availability-zone-id {consumer_zone_id} \
    --tag-specifications \
    'ResourceType=subnet,Tags=[{Key=Name,Value={consumer.subnet_name}}]' \
    --query Subnet.SubnetId --output text)
