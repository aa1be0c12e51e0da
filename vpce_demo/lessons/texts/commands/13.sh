#consumer
aws ec2 create-route --route-table-id {customer-routes} \
    --destination-cidr-block {customer-route.name} --gateway-id {customer-gateway}
