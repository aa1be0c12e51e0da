TARGET_GROUP=$(aws elbv2 create-target-group --name {provider.target_group_name} \
    --protocol TCP --port {target-group.port} --vpc-id {provider-vpc} \
    --target-type instance --health-check-protocol TCP \
    --health-check-interval-seconds {target-group.health_interval} \
    --health-check-timeout-seconds {target-group.health_timeout} \
    --healthy-threshold-count 2 --unhealthy-threshold-count 2 \
    --query 'TargetGroups[0].TargetGroupArn' --output text)
LOAD_BALANCER=$(aws elbv2 create-load-balancer --name {provider.load_balancer_name} \
    --type network --scheme internet-facing --ip-address-type ipv4 \
    --subnets {provider-subnet} \
    --query 'LoadBalancers[0].LoadBalancerArn' --output text)
aws elbv2 create-listener --load-balancer-arn {load-balancer} \
    --protocol TCP --port {listener.port} \
    --default-actions Type=forward,TargetGroupArn={target-group}
aws ec2 wait instance-running --instance-ids {web}
aws elbv2 register-targets --target-group-arn {target-group} --targets Id={web}
aws elbv2 wait load-balancer-available --load-balancer-arns {load-balancer}
aws elbv2 wait target-in-service --target-group-arn {target-group}
