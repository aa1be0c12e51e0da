#provider
aws ec2 create-route --route-table-id {provider-routes} \
    --destination-cidr-block {provider-route.name} --gateway-id {provider-gateway}
