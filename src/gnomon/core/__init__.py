"""The ground floor: kinds of data, configuration, files, errors, time and chance. Most of it works without torch."""
