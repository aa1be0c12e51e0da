#provider
for try in $(seq 60); do
    aws ec2 describe-vpc-endpoint-connections \
        --filters Name=service-id,Values={service} --output text \
        --query 'VpcEndpointConnections[].VpcEndpointState' | grep -i pending && break
    sleep 5
done
aws ec2 accept-vpc-endpoint-connections --service-id {service} \
    --vpc-endpoint-ids {endpoint}
#consumer
for try in $(seq 60); do
    aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {endpoint} --output text \
        --query 'VpcEndpoints[0].State' | grep -i available && break
    sleep 5
done
ENDPOINT_INTERFACES=$(aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {endpoint} \
    --query 'VpcEndpoints[0].NetworkInterfaceIds[0]' --output text)
ENDPOINT_ADDRESS=$(aws ec2 describe-network-interfaces \
    --network-interface-ids {endpoint.interfaces} \
    --query 'NetworkInterfaces[0].PrivateIpAddress' --output text)
