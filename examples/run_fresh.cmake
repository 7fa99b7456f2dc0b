# Runs PROGRAM with a data directory DATA that is not there before.
file(REMOVE_RECURSE ${DATA})
execute_process(COMMAND ${PROGRAM} ${DATA} RESULT_VARIABLE code)
file(REMOVE_RECURSE ${DATA})
if(NOT code EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with ${code}")
endif()
