export AWS_PAGER=
#provider
PROVIDER_VPC=$(aws ec2 create-vpc --cidr-block {provider.vpc_cidr} \
    --tag-specifications \
    'ResourceType=vpc,Tags=[{Key=Name,Value={provider.vpc_name}}]' \
    --query Vpc.VpcId --output text)
