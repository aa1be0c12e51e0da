{ssh}="ssh -i {key_file} -o StrictHostKeyChecking=accept-new"
{ssh} ec2-user@{customer.public_address} curl -s http://{endpoint.address}/
