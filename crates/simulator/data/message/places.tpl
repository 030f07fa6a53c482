"full_name":"Tromsø, Norway","name":"Tromsø","country":"Norway","country_code":"NO"
"full_name":"Cádiz, España","name":"Cádiz","country":"España","country_code":"ES"
"full_name":"函館市, 日本","name":"函館市","country":"日本","country_code":"JP"
"full_name":"Valparaíso, Chile","name":"Valparaíso","country":"Chile","country_code":"CL"
