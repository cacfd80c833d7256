# Writes thalweg/version.h (OUT, only when it changes) from IN with the revision of the checkout SOURCE.
set(TW_GIT_REVISION unknown)
find_program(GIT git)
if(GIT AND EXISTS ${SOURCE}/.git)
    execute_process(COMMAND ${GIT} -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
                    OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
    if(NOT failed)
        set(TW_GIT_REVISION ${revision})
    endif()
endif()
configure_file(${IN} ${OUT} @ONLY)
