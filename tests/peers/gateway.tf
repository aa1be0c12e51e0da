# A private subnet with gateway endpoints to S3 and DynamoDB and an interface endpoint to STS, as public examples have
# them: one route table named in the endpoint, another by an association.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {}

variable "dynamodb_table" {
  type    = string
  default = "private"
}

data "aws_region" "here" {}

data "aws_vpc_endpoint_service" "s3" {
  service      = "s3"
  service_type = "Gateway"
}

data "aws_prefix_list" "s3" {
  name = data.aws_vpc_endpoint_service.s3.service_name
}

data "aws_ec2_managed_prefix_list" "s3" {
  name = data.aws_vpc_endpoint_service.s3.service_name
}

resource "aws_vpc" "one" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_support   = true
  enable_dns_hostnames = true
}

resource "aws_subnet" "private" {
  vpc_id     = aws_vpc.one.id
  cidr_block = "10.0.1.0/24"
}

resource "aws_route_table" "each" {
  for_each = toset(["private", "other"])
  vpc_id   = aws_vpc.one.id
}

resource "aws_route_table_association" "private" {
  subnet_id      = aws_subnet.private.id
  route_table_id = aws_route_table.each["private"].id
}

resource "aws_security_group" "https" {
  vpc_id = aws_vpc.one.id

  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = [aws_vpc.one.cidr_block]
  }

  egress {
    from_port       = 443
    to_port         = 443
    protocol        = "tcp"
    prefix_list_ids = [data.aws_ec2_managed_prefix_list.s3.id]
  }
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id       = aws_vpc.one.id
  service_name = data.aws_vpc_endpoint_service.s3.service_name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "*" }]
  })
}

resource "aws_vpc_endpoint_route_table_association" "s3" {
  for_each        = aws_route_table.each
  vpc_endpoint_id = aws_vpc_endpoint.s3.id
  route_table_id  = each.value.id
}

resource "aws_vpc_endpoint" "dynamodb" {
  vpc_id            = aws_vpc.one.id
  vpc_endpoint_type = "Gateway"
  service_name      = "com.amazonaws.${data.aws_region.here.name}.dynamodb"
  route_table_ids   = [aws_route_table.each[var.dynamodb_table].id]
}

resource "aws_vpc_endpoint" "sts" {
  vpc_id              = aws_vpc.one.id
  vpc_endpoint_type   = "Interface"
  service_name        = "com.amazonaws.${data.aws_region.here.name}.sts"
  subnet_ids          = [aws_subnet.private.id]
  security_group_ids  = [aws_security_group.https.id]
  private_dns_enabled = true
}

output "cidrs" {
  value = data.aws_prefix_list.s3.cidr_blocks
}
