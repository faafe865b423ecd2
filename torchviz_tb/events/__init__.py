"""Records to events in the user's own event file. No torch here: any SummaryWriter will do."""
