"""The Faust application: raw chunks in, structured and routed records out."""
