# The tutorial for Terraform.  Both networks are alike, so each of their resources is written once.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region = "us-east-1"
}

locals {
  sides = {
    provider = {
      network = "Service_Network", cidr = "20.0.0.0/16", gateway = "Service_IGW", routes = "Service_PublicRT"
      subnet  = "Service_Public_subnet", subnet_cidr = "20.0.1.0/24"
      group   = "Webserver_sg", about = "Security group for Webserver", ports = [22, 80, 443]
      key     = "Service_key", instance = "Webserver1", user_data = file("${path.module}/../user-data.yaml")
    }
    consumer = {
      network = "Customer_Network", cidr = "10.0.0.0/16", gateway = "Customer_IGW", routes = "Customer_PublicRT"
      subnet  = "Customer_Public_subnet", subnet_cidr = "10.0.1.0/24"
      group   = "Customer_EC2_SG", about = "Security group for Customer EC2", ports = [22, 80]
      key     = "Customer_key", instance = "Customer_EC2", user_data = null
    }
  }
}

data "aws_ssm_parameter" "image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

# Steps 1 to 6, and 9 to 14

resource "aws_vpc" "side" {
  for_each             = local.sides
  cidr_block           = each.value.cidr
  enable_dns_hostnames = true
  tags                 = { Name = each.value.network }
}

resource "aws_internet_gateway" "side" {
  for_each = local.sides
  vpc_id   = aws_vpc.side[each.key].id
  tags     = { Name = each.value.gateway }
}

resource "aws_subnet" "side" {
  for_each          = local.sides
  vpc_id            = aws_vpc.side[each.key].id
  cidr_block        = each.value.subnet_cidr
  availability_zone = "us-east-1a"
  tags              = { Name = each.value.subnet }
}

resource "aws_route_table" "side" {
  for_each = local.sides
  vpc_id   = aws_vpc.side[each.key].id
  tags     = { Name = each.value.routes }

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.side[each.key].id
  }
}

resource "aws_route_table_association" "side" {
  for_each       = local.sides
  subnet_id      = aws_subnet.side[each.key].id
  route_table_id = aws_route_table.side[each.key].id
}

resource "aws_key_pair" "side" {
  for_each   = local.sides
  key_name   = each.value.key
  public_key = file("${path.module}/../key.pub")
}

resource "aws_security_group" "side" {
  for_each    = local.sides
  vpc_id      = aws_vpc.side[each.key].id
  name        = each.value.group
  description = each.value.about
  tags        = { Name = each.value.group }

  ingress = [for port in each.value.ports : {
    protocol = "tcp", from_port = port, to_port = port, cidr_blocks = ["0.0.0.0/0"]
    description = "", ipv6_cidr_blocks = [], prefix_list_ids = [], security_groups = [], self = false
  }]
  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_instance" "side" {
  for_each                    = local.sides
  ami                         = data.aws_ssm_parameter.image.insecure_value
  instance_type               = "t3.micro"
  subnet_id                   = aws_subnet.side[each.key].id
  vpc_security_group_ids      = [aws_security_group.side[each.key].id]
  key_name                    = aws_key_pair.side[each.key].key_name
  associate_public_ip_address = true
  user_data                   = each.value.user_data
  tags                        = { Name = each.value.instance }
  depends_on                  = [aws_route_table_association.side] # it installs httpd when it boots
}

# Steps 7 and 8

resource "aws_lb_target_group" "web" {
  name     = "MyNetwork-TG"
  vpc_id   = aws_vpc.side["provider"].id
  protocol = "TCP"
  port     = 80

  health_check {
    protocol            = "TCP"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_target_group_attachment" "web" {
  target_group_arn = aws_lb_target_group.web.arn
  target_id        = aws_instance.side["provider"].id
  port             = 80
}

resource "aws_lb" "web" {
  name               = "MyNetwork-LB"
  load_balancer_type = "network"
  subnets            = [aws_subnet.side["provider"].id]
  depends_on         = [aws_internet_gateway.side]
}

resource "aws_lb_listener" "web" {
  load_balancer_arn = aws_lb.web.arn
  protocol          = "TCP"
  port              = 80

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }
}

resource "aws_vpc_endpoint_service" "web" {
  network_load_balancer_arns = [aws_lb.web.arn]
  acceptance_required        = true
  tags                       = { Name = "MyEndpointService" }
}

# Step 15

resource "aws_vpc_endpoint" "web" {
  vpc_endpoint_type  = "Interface"
  service_name       = aws_vpc_endpoint_service.web.service_name
  vpc_id             = aws_vpc.side["consumer"].id
  subnet_ids         = [aws_subnet.side["consumer"].id]
  security_group_ids = [aws_security_group.side["consumer"].id]
  tags               = { Name = "MyEndpoint" }
}

resource "aws_vpc_endpoint_connection_accepter" "web" {
  vpc_endpoint_service_id = aws_vpc_endpoint_service.web.id
  vpc_endpoint_id         = aws_vpc_endpoint.web.id
}
