"""Orchestration of training: pipeline steps, MLflow tracking, gates, promotion."""
