#consumer
CUSTOMER_VPC=$(aws ec2 create-vpc --cidr-block {consumer.vpc_cidr} \
    --tag-specifications \
    'ResourceType=vpc,Tags=[{Key=Name,Value={consumer.vpc_name}}]' \
    --query Vpc.VpcId --output text)
