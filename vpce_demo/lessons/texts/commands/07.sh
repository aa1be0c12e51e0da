#provider
TARGET_GROUP=$(aws elbv2 create-target-group --name {provider.target_group_name} \
    --protocol TCP --port {target-group.port} --vpc-id {provider-vpc} \
    --target-type instance --health-check-protocol TCP \
    --health-check-interval-seconds {target-group.health_interval} \
    --health-check-timeout-seconds {target-group.health_timeout} \
    --healthy-threshold-count 2 --unhealthy-threshold-count 2 \
    --query 'TargetGroups[0].TargetGroupArn' --output text)
LOAD_BALANCER=$(aws elbv2 create-load-balancer --name {provider.load_balancer_name} \
    --type network --scheme internet-facing --ip-address-type ipv4 \
#region     --subnets {provider-subnet} \
#regions     --subnets {provider-subnet} {provider-subnet-2} \
    --query 'LoadBalancers[0].LoadBalancerArn' --output text)
#regions aws elbv2 modify-load-balancer-attributes --load-balancer-arn {load-balancer} \
#regions     --attributes Key=load_balancing.cross_zone.enabled,Value=true
aws elbv2 create-listener --load-balancer-arn {load-balancer} \
    --protocol TCP --port {listener.port} \
    --default-actions Type=forward,TargetGroupArn={target-group}
aws ec2 wait instance-running --instance-ids {web}
aws elbv2 register-targets --target-group-arn {target-group} --targets Id={web}
aws elbv2 wait load-balancer-available --load-balancer-arns {load-balancer}
aws elbv2 wait target-in-service --target-group-arn {target-group}
