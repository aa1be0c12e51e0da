#consumer
CUSTOMER_GATEWAY=$(aws ec2 create-internet-gateway \
    --tag-specifications \
    'ResourceType=internet-gateway,Tags=[{Key=Name,Value={consumer.gateway_name}}]' \
    --query InternetGateway.InternetGatewayId --output text)
aws ec2 attach-internet-gateway --vpc-id {customer-vpc} \
    --internet-gateway-id {customer-gateway}
