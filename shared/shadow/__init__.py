"""
Shadow and rollout, pure: who is in which mode, and what "the same answer" means. No I/O; imports payments alone.

document   the rollout document             reading     read strictly from outside
decision   the mode of one bill             ladder      the steps from off to live
pair       control and candidate            fields      what is compared, field by field
verdicts   the words of a comparison        comparison  a pair's verdict
codes      two processors' codes, one word  explanations  differences that somebody answers for
coverage   pairs, counted                   evidence    what readiness is judged by
looks      when evidence is looked at       intervals   exact bounds and score intervals
readiness  ready, or not because            promotion   whether a document may replace another
guard      who goes back, and why           report      the body of GET /shadow/report
substitution  test instruments              banking_days  when an outcome is final
"""
