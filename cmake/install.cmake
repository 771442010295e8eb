# What an install lays down: the wheel's fastcnn/ folder holds the module, the library, its header and CMake package.
