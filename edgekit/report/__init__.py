"""Turns results into tables for people."""
