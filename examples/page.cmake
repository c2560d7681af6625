# cmake -DFROM=… -DTO=… -DCLIENT=… -DPHOENIX=… -P page.cmake: copies a page, and the official client as CLIENT, the name
# that its scripts import. It runs with every build, so that a client that npm installs later is copied too.
file(COPY ${FROM}/ DESTINATION ${TO})
if(EXISTS ${PHOENIX})
  cmake_path(GET CLIENT PARENT_PATH directory)
  file(MAKE_DIRECTORY ${TO}/${directory})
  file(COPY_FILE ${PHOENIX} ${TO}/${CLIENT} ONLY_IF_DIFFERENT)
else()
  message(WARNING "The page in ${TO} has no client yet: run npm ci --omit=dev, and build again")
endif()
