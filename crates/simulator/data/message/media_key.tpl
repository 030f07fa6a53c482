3_{{old_id}}
7_{{old_id}}
16_{{old_id}}
