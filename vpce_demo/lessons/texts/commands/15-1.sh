#consumer
#region aws ec2 describe-vpc-endpoint-services --service-names {service.service_name}
#regions aws ec2 describe-vpc-endpoint-services --service-names {service.service_name} \
#regions     --service-regions {service_region}
ENDPOINT=$(aws ec2 create-vpc-endpoint --vpc-endpoint-type Interface \
    --service-name {service.service_name} \
#regions     --service-region {service_region} \
    --vpc-id {customer-vpc} --subnet-ids {customer-subnet} \
    --security-group-ids {customer-group} --no-private-dns-enabled \
    --tag-specifications \
    'ResourceType=vpc-endpoint,Tags=[{Key=Name,Value={consumer.endpoint_name}}]' \
    --query VpcEndpoint.VpcEndpointId --output text)
