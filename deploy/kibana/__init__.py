"""Kibana's side of the Elasticsearch sink: a data view, saved searches and a dashboard, as saved objects.

Objects have the shape of Kibana 8.9, which every later version and Kibana 9 migrate by themselves.
"""
