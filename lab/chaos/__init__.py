"""Break a lab while clients use it, let it heal, and compare what clients were told with what is there.

client     HTTP as a patient client speaks it      faults    what is broken, and how it is mended
load       a stream of creates and deletes         evidence  what is there, from every side
verdict    lost, doubled, leaked
"""
