"""宛先の確認: once a year each member says who of its people is still there (人事異動 in April).

questions, offices, workbook: pure. people, rounds, answers, applying: what is stored and sent. Nothing that a member
writes changes the list of readers before a person of the office says yes (applying.py).
"""
