#consumer
CUSTOMER_ROUTES=$(aws ec2 create-route-table --vpc-id {customer-vpc} \
    --tag-specifications \
    'ResourceType=route-table,Tags=[{Key=Name,Value={consumer.route_table_name}}]' \
    --query RouteTable.RouteTableId --output text)
aws ec2 associate-route-table --route-table-id {customer-routes} \
    --subnet-id {customer-subnet}
