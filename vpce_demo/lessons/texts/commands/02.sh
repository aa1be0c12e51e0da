#provider
PROVIDER_GATEWAY=$(aws ec2 create-internet-gateway \
    --tag-specifications \
    'ResourceType=internet-gateway,Tags=[{Key=Name,Value={provider.gateway_name}}]' \
    --query InternetGateway.InternetGatewayId --output text)
aws ec2 attach-internet-gateway --vpc-id {provider-vpc} \
    --internet-gateway-id {provider-gateway}
