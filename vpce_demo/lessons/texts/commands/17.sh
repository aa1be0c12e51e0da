export AWS_PAGER=
again() { for try in $(seq 60); do "$@" && return; sleep 10; done; return 1; }
aws ec2 terminate-instances --instance-ids {web} {customer}
aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {endpoint}
for try in $(seq 60); do
    aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {endpoint} \
        --query 'VpcEndpoints[].State' --output text | grep -qi deleting || break
    sleep 5
done
for try in $(seq 60); do
    aws ec2 delete-vpc-endpoint-service-configurations --service-ids {service} \
        --query 'Unsuccessful[].Error.Code' --output text | grep -q Existing || break
    sleep 5
done
again aws elbv2 delete-load-balancer --load-balancer-arn {load-balancer}
again aws elbv2 delete-target-group --target-group-arn {target-group}

aws ec2 wait instance-terminated --instance-ids {web} {customer}
again aws ec2 delete-security-group --group-id {provider-group}
again aws ec2 delete-security-group --group-id {customer-group}
again aws ec2 detach-internet-gateway --vpc-id {provider-vpc} \
    --internet-gateway-id {provider-gateway}
again aws ec2 detach-internet-gateway --vpc-id {customer-vpc} \
    --internet-gateway-id {customer-gateway}
aws ec2 delete-internet-gateway --internet-gateway-id {provider-gateway}
aws ec2 delete-internet-gateway --internet-gateway-id {customer-gateway}
again aws ec2 delete-subnet --subnet-id {provider-subnet}
again aws ec2 delete-subnet --subnet-id {customer-subnet}
aws ec2 delete-route-table --route-table-id {provider-routes}
aws ec2 delete-route-table --route-table-id {customer-routes}
aws ec2 delete-vpc --vpc-id {provider-vpc}
aws ec2 delete-vpc --vpc-id {customer-vpc}
aws ec2 delete-key-pair --key-name {provider.key_name}
aws ec2 delete-key-pair --key-name {consumer.key_name}
