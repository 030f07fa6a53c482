Tromsø
Cádiz
函館市
Valparaíso
