#provider
SERVICE=$(aws ec2 create-vpc-endpoint-service-configuration \
    --network-load-balancer-arns {load-balancer} --acceptance-required \
#regions     --supported-regions {consumer_region} \
    --tag-specifications \
    'ResourceType=vpc-endpoint-service,Tags=[{Key=Name,Value={provider.service_name}}]' \
    --query ServiceConfiguration.ServiceId --output text)
SERVICE_NAME=$(aws ec2 describe-vpc-endpoint-service-configurations \
    --service-ids {service} \
    --query 'ServiceConfigurations[0].ServiceName' --output text)
#regions for try in $(seq 60); do
#regions     aws ec2 describe-vpc-endpoint-service-configurations --output text \
#regions         --service-ids {service} --query \
#regions         'ServiceConfigurations[].SupportedRegions[].ServiceState' | grep -i available && break
#regions     sleep 5
#regions done
#accounts #consumer
#accounts {consumer_account}=$(aws sts get-caller-identity --query Account --output text)
#accounts #provider
#accounts aws ec2 modify-vpc-endpoint-service-permissions --service-id {service} \
#accounts     --add-allowed-principals arn:{partition}:iam::{consumer_account}:root
