"""The controller: OpenStack API, scheduler, workflows, SQL."""
