"""What is asked of staff and of patients about messages. A form never saves."""
