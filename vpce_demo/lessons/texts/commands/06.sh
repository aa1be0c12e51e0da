#provider
{key_file}=vpce-demo-key.pem && ssh-keygen -q -t ed25519 -N '' -f {key_file}
{ssh_source}=$(curl -s https://checkip.amazonaws.com)/32
aws ec2 import-key-pair --key-name {provider.key_name} \
    --public-key-material fileb://{key_file}.pub
PROVIDER_GROUP=$(aws ec2 create-security-group --vpc-id {provider-vpc} \
    --group-name {provider.group_name} --description '{provider.group_description}' \
    --query GroupId --output text)
aws ec2 authorize-security-group-ingress --group-id {provider-group} \
    --protocol tcp --port {provider-rule-ssh.port} --cidr {ssh_source}
aws ec2 authorize-security-group-ingress --group-id {provider-group} \
    --protocol tcp --port {provider-rule-http.port} --cidr {provider-rule-http.source}
aws ec2 authorize-security-group-ingress --group-id {provider-group} \
    --protocol tcp --port {provider-rule-https.port} --cidr {provider-rule-https.source}
IMAGE=$(aws ssm get-parameter --query Parameter.Value --output text --name \
    {image_parameter})
cat > web-server.yaml <<'END'
{web.user_data}
END
WEB=$(aws ec2 run-instances --image-id $IMAGE --instance-type {instance_type} \
    --key-name {provider.key_name} --subnet-id {provider-subnet} \
    --security-group-ids {provider-group} --associate-public-ip-address \
    --block-device-mappings \
    'DeviceName=/dev/xvda,Ebs={Encrypted=true,DeleteOnTermination=true}' \
    --metadata-options HttpTokens=required --user-data file://web-server.yaml \
    --tag-specifications \
    'ResourceType=instance,Tags=[{Key=Name,Value={provider.instance_name}}]' \
    --query 'Instances[0].InstanceId' --output text)
