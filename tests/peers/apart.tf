# An endpoint service and the endpoint of another account or region, as public examples have it: two aliased providers.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

variable "consumer_key" {
  type = string
}

variable "consumer_region" {
  type = string
}

locals {
  provider_region = "us-east-1"
  is_remote       = var.consumer_region != local.provider_region
}

provider "aws" {
  alias  = "provider"
  region = local.provider_region
}

provider "aws" {
  alias      = "consumer"
  region     = var.consumer_region
  access_key = var.consumer_key
  secret_key = "any"
}

data "aws_caller_identity" "consumer" {
  provider = aws.consumer
}

data "aws_availability_zones" "provider" {
  provider = aws.provider
}

data "aws_availability_zones" "consumer" {
  provider = aws.consumer
}

resource "aws_vpc" "provider" {
  provider   = aws.provider
  cidr_block = "20.0.0.0/16"
}

resource "aws_subnet" "provider" {
  provider             = aws.provider
  count                = 2
  vpc_id               = aws_vpc.provider.id
  cidr_block           = "20.0.${count.index}.0/24"
  availability_zone_id = data.aws_availability_zones.provider.zone_ids[count.index]
}

resource "aws_lb" "provider" {
  provider           = aws.provider
  name               = "apart"
  load_balancer_type = "network"
  internal           = true
  subnets            = aws_subnet.provider[*].id
}

resource "aws_vpc_endpoint_service" "provider" {
  provider                   = aws.provider
  acceptance_required        = true
  network_load_balancer_arns = [aws_lb.provider.arn]
  supported_regions          = local.is_remote ? [local.provider_region, var.consumer_region] : null
}

resource "aws_vpc_endpoint_service_allowed_principal" "consumer" {
  provider                = aws.provider
  vpc_endpoint_service_id = aws_vpc_endpoint_service.provider.id
  principal_arn           = "arn:aws:iam::${data.aws_caller_identity.consumer.account_id}:root"
}

resource "aws_vpc" "consumer" {
  provider   = aws.consumer
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "consumer" {
  provider             = aws.consumer
  vpc_id               = aws_vpc.consumer.id
  cidr_block           = "10.0.1.0/24"
  availability_zone_id = data.aws_availability_zones.consumer.zone_ids[0]
}

resource "aws_vpc_endpoint" "consumer" {
  provider          = aws.consumer
  vpc_id            = aws_vpc.consumer.id
  vpc_endpoint_type = "Interface"
  service_name      = aws_vpc_endpoint_service.provider.service_name
  service_region    = local.is_remote ? local.provider_region : null
  subnet_ids        = [aws_subnet.consumer.id]
  depends_on        = [aws_vpc_endpoint_service_allowed_principal.consumer]
}

resource "aws_vpc_endpoint_connection_accepter" "provider" {
  provider                = aws.provider
  vpc_endpoint_service_id = aws_vpc_endpoint_service.provider.id
  vpc_endpoint_id         = aws_vpc_endpoint.consumer.id
}
