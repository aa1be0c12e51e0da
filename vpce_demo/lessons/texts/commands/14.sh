#consumer
aws ec2 import-key-pair --key-name {consumer.key_name} \
    --public-key-material fileb://{key_file}.pub
CUSTOMER_GROUP=$(aws ec2 create-security-group --vpc-id {customer-vpc} \
    --group-name {consumer.group_name} --description '{consumer.group_description}' \
    --query GroupId --output text)
aws ec2 authorize-security-group-ingress --group-id {customer-group} \
    --protocol tcp --port {customer-rule-ssh.port} --cidr {ssh_source}
aws ec2 authorize-security-group-ingress --group-id {customer-group} \
    --protocol tcp --port {customer-rule-http.port} --cidr {customer-rule-http.source}
IMAGE=$(aws ssm get-parameter --query Parameter.Value --output text --name \
    {image_parameter})
CUSTOMER=$(aws ec2 run-instances --image-id $IMAGE --instance-type {instance_type} \
    --key-name {consumer.key_name} --subnet-id {customer-subnet} \
    --security-group-ids {customer-group} --associate-public-ip-address \
    --block-device-mappings \
    'DeviceName=/dev/xvda,Ebs={Encrypted=true,DeleteOnTermination=true}' \
    --metadata-options HttpTokens=required \
    --tag-specifications \
    'ResourceType=instance,Tags=[{Key=Name,Value={consumer.instance_name}}]' \
    --query 'Instances[0].InstanceId' --output text)
aws ec2 wait instance-running --instance-ids {customer}
CUSTOMER_PUBLIC_ADDRESS=$(aws ec2 describe-instances --instance-ids {customer} \
    --query 'Reservations[0].Instances[0].PublicIpAddress' --output text)
