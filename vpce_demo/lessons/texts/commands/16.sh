{ssh} ec2-user@{customer.public_address} curl -s http://{endpoint.address}/
