#!/usr/bin/env bash
# The tutorial for the aws CLI:  demo.sh up | down
# It keeps no record: what is there is found by the tag Name, or by its name where that is unique.
set -euo pipefail
cd "$(dirname "$0")/.."
export AWS_MAX_ATTEMPTS=10 # a new endpoint service refuses its first endpoints with 503

IMAGE=/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64
BALANCER=MyNetwork-LB TARGETS=MyNetwork-TG SERVICE=MyEndpointService ENDPOINT=MyEndpoint

# The names and values of one side.
side() {
  case $1 in
    provider)
      network=Service_Network cidr=20.0.0.0/16 gateway=Service_IGW routes=Service_PublicRT key=Service_key
      subnet=Service_Public_subnet subnet_cidr=20.0.1.0/24 instance=Webserver1 user_data=(--user-data file://user-data.yaml)
      group=Webserver_sg about='Security group for Webserver' ports=(22 80 443) ;;
    consumer)
      network=Customer_Network cidr=10.0.0.0/16 gateway=Customer_IGW routes=Customer_PublicRT key=Customer_key
      subnet=Customer_Public_subnet subnet_cidr=10.0.1.0/24 instance=Customer_EC2 user_data=()
      group=Customer_EC2_SG about='Security group for Customer EC2' ports=(22 80) ;;
  esac
}

ask() { aws --output text "$@"; }

# lookup KIND NAME: its id or ARN, or nothing.
lookup() {
  local name="Name=tag:Name,Values=$2"
  case $1 in
    vpc) ask ec2 describe-vpcs --filters "$name" --query 'Vpcs[].VpcId' ;;
    internet-gateway) ask ec2 describe-internet-gateways --filters "$name" --query 'InternetGateways[].InternetGatewayId' ;;
    subnet) ask ec2 describe-subnets --filters "$name" --query 'Subnets[].SubnetId' ;;
    route-table) ask ec2 describe-route-tables --filters "$name" --query 'RouteTables[].RouteTableId' ;;
    security-group) ask ec2 describe-security-groups --filters "$name" --query 'SecurityGroups[].GroupId' ;;
    key-pair) ask ec2 describe-key-pairs --filters "Name=key-name,Values=$2" --query 'KeyPairs[].KeyPairId' ;;
    instance)
      ask ec2 describe-instances --filters "$name" Name=instance-state-name,Values=pending,running \
        --query 'Reservations[].Instances[].InstanceId' ;;
    load-balancer)
      ask elbv2 describe-load-balancers --query "LoadBalancers[?LoadBalancerName=='$2'].LoadBalancerArn" ;;
    target-group) ask elbv2 describe-target-groups --query "TargetGroups[?TargetGroupName=='$2'].TargetGroupArn" ;;
    vpc-endpoint-service)
      ask ec2 describe-vpc-endpoint-service-configurations --filters "$name" --query 'ServiceConfigurations[].ServiceId' ;;
    vpc-endpoint)
      ask ec2 describe-vpc-endpoints --filters "$name" Name=vpc-endpoint-state,Values=pendingAcceptance,pending,available \
        --query 'VpcEndpoints[].VpcEndpointId' ;;
  esac
}

# ensure KIND NAME SERVICE CALL QUERY OPTIONS...: the id of what is there, or has just been made.
ensure() {
  local kind=$1 name=$2 service=$3 call=$4 query=$5 tags=()
  shift 5
  [[ $service == elbv2 ]] || tags=(--tag-specifications "ResourceType=$kind,Tags=[{Key=Name,Value=$name}]")
  local id
  id=$(lookup "$kind" "$name") || return
  [[ -n $id ]] || id=$(ask "$service" "$call" --query "$query" "${tags[@]}" "$@") || return
  echo "$id"
}

# unless CODE OPTIONS...: make the call; this error says that it was made before.
unless() {
  local code=$1 said
  shift
  said=$(aws "$@" 2>&1) || [[ $said == *"($code)"* ]] || { echo "$said" >&2; return 1; }
}

# until_is STATE OPTIONS...: ask until the answer is that.
until_is() {
  local wanted=$1
  shift
  until [[ $(ask "$@") == "$wanted" ]]; do sleep 1; done
}

# gone OPTIONS...: delete something as soon as nothing depends on it.
gone() {
  local said tries
  for ((tries = 0; tries < 100; tries++)); do
    if said=$(aws "$@" 2>&1) || [[ $said == *NotFound* ]]; then return; fi
    [[ $said == *DependencyViolation* || $said == *ResourceInUse* || $said == *ExistingVpcEndpoint* ]] || break
    sleep 2
  done
  echo "$said" >&2
  return 1
}

# A network with an instance in it; its ids stay in vpc_id, subnet_id, group_id and instance_id.
side_up() {
  side "$1"
  local gateway_id table_id port
  vpc_id=$(ensure vpc "$network" ec2 create-vpc Vpc.VpcId --cidr-block "$cidr")
  aws ec2 modify-vpc-attribute --vpc-id "$vpc_id" --enable-dns-hostnames Value=true
  gateway_id=$(ensure internet-gateway "$gateway" ec2 create-internet-gateway InternetGateway.InternetGatewayId)
  unless Resource.AlreadyAssociated ec2 attach-internet-gateway --internet-gateway-id "$gateway_id" --vpc-id "$vpc_id"
  subnet_id=$(ensure subnet "$subnet" ec2 create-subnet Subnet.SubnetId \
    --vpc-id "$vpc_id" --cidr-block "$subnet_cidr" --availability-zone us-east-1a)
  table_id=$(ensure route-table "$routes" ec2 create-route-table RouteTable.RouteTableId --vpc-id "$vpc_id")
  unless Resource.AlreadyAssociated ec2 associate-route-table --route-table-id "$table_id" --subnet-id "$subnet_id"
  unless RouteAlreadyExists ec2 create-route --route-table-id "$table_id" \
    --destination-cidr-block 0.0.0.0/0 --gateway-id "$gateway_id"
  ensure key-pair "$key" ec2 import-key-pair KeyPairId --key-name "$key" \
    --public-key-material fileb://key.pub > /dev/null
  group_id=$(ensure security-group "$group" ec2 create-security-group GroupId \
    --vpc-id "$vpc_id" --group-name "$group" --description "$about")
  for port in "${ports[@]}"; do
    unless InvalidPermission.Duplicate ec2 authorize-security-group-ingress --group-id "$group_id" \
      --protocol tcp --port "$port" --cidr 0.0.0.0/0
  done
  instance_id=$(ensure instance "$instance" ec2 run-instances 'Instances[0].InstanceId' --image-id "$image" \
    --instance-type t3.micro --key-name "$key" --subnet-id "$subnet_id" --security-group-ids "$group_id" \
    --associate-public-ip-address "${user_data[@]}")
}

up() {
  local image balancer targets service endpoint
  image=$(ask ssm get-parameter --name "$IMAGE" --query Parameter.Value)
  side_up provider
  targets=$(ensure target-group "$TARGETS" elbv2 create-target-group 'TargetGroups[0].TargetGroupArn' \
    --name "$TARGETS" --protocol TCP --port 80 --vpc-id "$vpc_id" --health-check-interval-seconds 10 \
    --health-check-timeout-seconds 5 --healthy-threshold-count 2 --unhealthy-threshold-count 2)
  balancer=$(ensure load-balancer "$BALANCER" elbv2 create-load-balancer 'LoadBalancers[0].LoadBalancerArn' \
    --name "$BALANCER" --type network --scheme internet-facing --subnets "$subnet_id")
  unless DuplicateListener elbv2 create-listener --load-balancer-arn "$balancer" --protocol TCP --port 80 \
    --default-actions "Type=forward,TargetGroupArn=$targets"
  aws ec2 wait instance-running --instance-ids "$instance_id"
  aws elbv2 register-targets --target-group-arn "$targets" --targets "Id=$instance_id,Port=80"

  side_up consumer # while the load balancer is provisioned
  aws elbv2 wait load-balancer-available --load-balancer-arns "$balancer"
  service=$(ensure vpc-endpoint-service "$SERVICE" ec2 create-vpc-endpoint-service-configuration \
    ServiceConfiguration.ServiceId --network-load-balancer-arns "$balancer" --acceptance-required)
  until_is Available ec2 describe-vpc-endpoint-service-configurations --service-ids "$service" \
    --query 'ServiceConfigurations[0].ServiceState'
  endpoint=$(ensure vpc-endpoint "$ENDPOINT" ec2 create-vpc-endpoint VpcEndpoint.VpcEndpointId \
    --vpc-id "$vpc_id" --vpc-endpoint-type Interface --service-name "com.amazonaws.vpce.us-east-1.$service" \
    --subnet-ids "$subnet_id" --security-group-ids "$group_id" --no-private-dns-enabled)
  local state=(ec2 describe-vpc-endpoints --vpc-endpoint-ids "$endpoint" --query 'VpcEndpoints[0].State')
  if [[ $(ask "${state[@]}") == pendingAcceptance ]]; then
    aws ec2 accept-vpc-endpoint-connections --service-id "$service" --vpc-endpoint-ids "$endpoint" > /dev/null
  fi
  until_is available "${state[@]}"
  aws elbv2 wait target-in-service --target-group-arn "$targets"
}

# each KIND NAME OPTIONS...: delete it, if it is there, with the call that lacks only its id.
each() {
  local id
  id=$(lookup "$1" "$2")
  [[ -z $id ]] || gone "${@:3}" "$id"
}

side_down() {
  side "$1"
  local vpc_id gateway_id
  vpc_id=$(lookup vpc "$network") gateway_id=$(lookup internet-gateway "$gateway")
  each subnet "$subnet" ec2 delete-subnet --subnet-id
  each security-group "$group" ec2 delete-security-group --group-id
  each route-table "$routes" ec2 delete-route-table --route-table-id
  each key-pair "$key" ec2 delete-key-pair --key-pair-id
  if [[ -n $gateway_id ]]; then
    unless Gateway.NotAttached ec2 detach-internet-gateway --internet-gateway-id "$gateway_id" --vpc-id "$vpc_id"
    gone ec2 delete-internet-gateway --internet-gateway-id "$gateway_id"
  fi
  [[ -z $vpc_id ]] || gone ec2 delete-vpc --vpc-id "$vpc_id"
}

down() {
  local one instances=() endpoint
  for one in provider consumer; do
    side "$one"
    instances+=($(lookup instance "$instance"))
  done
  [[ ${#instances[@]} == 0 ]] || aws ec2 terminate-instances --instance-ids "${instances[@]}" > /dev/null
  endpoint=$(lookup vpc-endpoint "$ENDPOINT")
  if [[ -n $endpoint ]]; then
    aws ec2 delete-vpc-endpoints --vpc-endpoint-ids "$endpoint" > /dev/null
    until_is '' ec2 describe-vpc-endpoints --filters "Name=vpc-endpoint-id,Values=$endpoint" \
      --query 'VpcEndpoints[].State'
  fi
  each vpc-endpoint-service "$SERVICE" ec2 delete-vpc-endpoint-service-configurations --service-ids
  each load-balancer "$BALANCER" elbv2 delete-load-balancer --load-balancer-arn
  each target-group "$TARGETS" elbv2 delete-target-group --target-group-arn
  [[ ${#instances[@]} == 0 ]] || unless InvalidInstanceID.NotFound ec2 wait instance-terminated --instance-ids "${instances[@]}"
  side_down consumer
  side_down provider
}

"$1"
