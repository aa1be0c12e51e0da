#provider
PROVIDER_ROUTES=$(aws ec2 create-route-table --vpc-id {provider-vpc} \
    --tag-specifications \
    'ResourceType=route-table,Tags=[{Key=Name,Value={provider.route_table_name}}]' \
    --query RouteTable.RouteTableId --output text)
aws ec2 associate-route-table --route-table-id {provider-routes} \
    --subnet-id {provider-subnet}
#regions aws ec2 associate-route-table --route-table-id {provider-routes} \
#regions     --subnet-id {provider-subnet-2}
