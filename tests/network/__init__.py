"""Tests of the sandbox's network."""
