"""Our worlds in the forms of other libraries; each form is imported only by who wants it (extra `envs`)."""
