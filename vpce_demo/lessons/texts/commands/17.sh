export AWS_PAGER=
again() { for try in $(seq 60); do "$@" && return; sleep 10; done; return 1; }
#together aws ec2 terminate-instances --instance-ids {web} {customer}
#provider
#apart aws ec2 terminate-instances --instance-ids {web}
#consumer
#apart aws ec2 terminate-instances --instance-ids {customer}
aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {endpoint}
for try in $(seq 60); do
    aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {endpoint} \
        --query 'VpcEndpoints[].State' --output text | grep -qi deleting || break
    sleep 5
done
#provider
for try in $(seq 60); do
    aws ec2 delete-vpc-endpoint-service-configurations --service-ids {service} \
        --query 'Unsuccessful[].Error.Code' --output text | grep -q Existing || break
    sleep 5
done
again aws elbv2 delete-load-balancer --load-balancer-arn {load-balancer}
again aws elbv2 delete-target-group --target-group-arn {target-group}

#together aws ec2 wait instance-terminated --instance-ids {web} {customer}
#apart aws ec2 wait instance-terminated --instance-ids {web}
again aws ec2 delete-security-group --group-id {provider-group}
#consumer
#apart aws ec2 wait instance-terminated --instance-ids {customer}
again aws ec2 delete-security-group --group-id {customer-group}
#provider
again aws ec2 detach-internet-gateway --vpc-id {provider-vpc} \
    --internet-gateway-id {provider-gateway}
#consumer
again aws ec2 detach-internet-gateway --vpc-id {customer-vpc} \
    --internet-gateway-id {customer-gateway}
#provider
aws ec2 delete-internet-gateway --internet-gateway-id {provider-gateway}
#consumer
aws ec2 delete-internet-gateway --internet-gateway-id {customer-gateway}
#provider
again aws ec2 delete-subnet --subnet-id {provider-subnet}
#regions again aws ec2 delete-subnet --subnet-id {provider-subnet-2}
#consumer
again aws ec2 delete-subnet --subnet-id {customer-subnet}
#provider
aws ec2 delete-route-table --route-table-id {provider-routes}
#consumer
aws ec2 delete-route-table --route-table-id {customer-routes}
#provider
aws ec2 delete-vpc --vpc-id {provider-vpc}
#consumer
aws ec2 delete-vpc --vpc-id {customer-vpc}
#provider
aws ec2 delete-key-pair --key-name {provider.key_name}
#consumer
aws ec2 delete-key-pair --key-name {consumer.key_name}
