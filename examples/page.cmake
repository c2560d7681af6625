# cmake -DFROM=… -DTO=… -DCLIENT=… -DPHOENIX=… -P page.cmake: a page, and the official client, which its scripts import as
# CLIENT. It runs with every build, so that a client which npm brings later is found too.
file(COPY ${FROM}/ DESTINATION ${TO})
if(EXISTS ${PHOENIX})
  cmake_path(GET CLIENT PARENT_PATH directory)
  file(MAKE_DIRECTORY ${TO}/${directory})
  file(COPY_FILE ${PHOENIX} ${TO}/${CLIENT} ONLY_IF_DIFFERENT)
else()
  message(WARNING "The page in ${TO} has no client yet: run npm ci --omit=dev, and build again")
endif()
