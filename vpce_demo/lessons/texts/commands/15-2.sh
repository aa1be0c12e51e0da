aws ec2 describe-vpc-endpoint-connections \
    --filters Name=service-id,Values={service}
aws ec2 accept-vpc-endpoint-connections --service-id {service} \
    --vpc-endpoint-ids {endpoint}
aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {endpoint} \
    --query 'VpcEndpoints[0].State' --output text
ENDPOINT_INTERFACES=$(aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {endpoint} \
    --query 'VpcEndpoints[0].NetworkInterfaceIds[0]' --output text)
ENDPOINT_ADDRESS=$(aws ec2 describe-network-interfaces \
    --network-interface-ids {endpoint.interfaces} \
    --query 'NetworkInterfaces[0].PrivateIpAddress' --output text)
