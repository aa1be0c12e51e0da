SERVICE=$(aws ec2 create-vpc-endpoint-service-configuration \
    --network-load-balancer-arns {load-balancer} --acceptance-required \
    --tag-specifications \
    'ResourceType=vpc-endpoint-service,Tags=[{Key=Name,Value={provider.service_name}}]' \
    --query ServiceConfiguration.ServiceId --output text)
SERVICE_NAME=$(aws ec2 describe-vpc-endpoint-service-configurations \
    --service-ids {service} \
    --query 'ServiceConfigurations[0].ServiceName' --output text)
